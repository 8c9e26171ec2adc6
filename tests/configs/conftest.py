import pytest

pytest.register_assert_rewrite(
    'full_size_all_in_one', 'full_size_univl', 'full_size_violet')


@pytest.fixture
def roots(toy_root, toy_tgif_root, toy_msrvtt_root, toy_feature_root):
    """Where the folders below `data/toy` are."""
    return dict(
        msvd_qa=toy_root, tgif_qa=toy_tgif_root, msrvtt=toy_msrvtt_root,
        **{path.name: path for path in toy_feature_root.iterdir()})
