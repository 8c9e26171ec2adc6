# VIOLET for text-to-video retrieval, at its published size.
_base_ = ['./violet.py']

model = dict(
    model=dict(
        # top_k=100 scores the 100 best of a cheap first stage only.
        task=dict(
            _delete_=True, type='VioletRetrieval', top_k=None, block=256)),
    # Sizes of the official meltr.py for the three losses of retrieval.
    meltr=dict(hidden_dims=(256, 512), feedforward_dim=512),
    losses=['loss_vtm', 'loss_mtm', 'loss_mvm'],
    primary='loss_vtm')
