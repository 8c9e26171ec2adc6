# All-in-one + MELTR, open-ended QA on MSVD-QA.
#
#   python tools/train.py configs/meltr_all_in_one_msvdqa.py
#
# Data: data/msvd/; configs/_base_/datasets/msvd_qa_all_in_one.py says what is
# in it. For MSRVTT-QA, msrvtt_qa_all_in_one.py beside it takes its place,
# with num_answers=1501.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: `task_finetune_msvdqa` of the official config.py (batch
# 512, 20 epochs, lr 1e-4, heads ten times that); MELTR as for retrieval.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/all_in_one_qa.py',
    '_base_/datasets/msvd_qa_all_in_one.py',
    '_base_/schedules/aid_all_in_one_qa.py'
]

# The answers and, as officially, one output that is never right.
model = dict(model=dict(heads=dict(qa=dict(num_answers=1001))))

# 512 questions per update on 8 GPUs.
optim_wrapper = dict(accumulative_counts=4)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
