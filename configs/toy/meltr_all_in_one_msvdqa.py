# All-in-one + MELTR on generated clips in the files of MSVD-QA.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_all_in_one_msvdqa.py
#
# The twin of configs/meltr_all_in_one_msvdqa.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/all_in_one_toy_qa.py',
    '../_base_/datasets/toy_msvd_qa_all_in_one.py',
    '../_base_/schedules/toy_all_in_one.py'
]

# The answers and, as officially, one output that is never right.
model = dict(model=dict(heads=dict(qa=dict(num_answers=15))))

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
train_cfg = dict(max_epochs=3)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
work_dir = './work_dirs/toy/meltr_all_in_one_msvdqa'
