# All-in-one + MELTR on generated clips in the files of MSVD-QA.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_all_in_one_msvdqa.py
#
# The twin of configs/meltr_all_in_one_msvdqa.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/all_in_one_toy.py',
    '../_base_/datasets/toy_msvd_qa_all_in_one.py',
    '../_base_/schedules/toy_all_in_one.py'
]

model = dict(
    model=dict(
        heads=dict(
            _delete_=True, mlm=dict(), qa=dict(num_answers=15, dropout=0.)),
        target='qa'),
    losses=['loss_mlm', 'loss_qa'],
    primary='loss_qa')

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
train_cfg = dict(max_epochs=3)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
