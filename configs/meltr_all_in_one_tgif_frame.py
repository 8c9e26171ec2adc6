# All-in-one + MELTR, open-ended QA on TGIF-QA, FrameQA.
#
#   python tools/train.py configs/meltr_all_in_one_tgif_frame.py
#
# Data: data/tgif/; configs/_base_/datasets/tgif_frame_all_in_one.py says what
# is in it.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: `task_finetune_tgifqa` of the official config.py (batch
# 512, 20 epochs, lr 1e-4, heads ten times that); MELTR as for retrieval.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/all_in_one_qa.py',
    '_base_/datasets/tgif_frame_all_in_one.py',
    '_base_/schedules/aid_all_in_one_qa.py'
]

# The answers and, as officially, one output that is never right.
model = dict(model=dict(heads=dict(qa=dict(num_answers=1541))))

# 512 questions per update on 8 GPUs.
optim_wrapper = dict(accumulative_counts=4)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
