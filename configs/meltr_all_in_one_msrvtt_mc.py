# All-in-one + MELTR, multiple choice on MSRVTT: which caption is the video's.
#
#   python tools/train.py configs/meltr_all_in_one_msrvtt_mc.py
#
# Data: data/msrvtt/; configs/_base_/datasets/msrvtt_mc_all_in_one.py says
# what is in it.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Without training, as in the official `task_finetune_msrvttchoice`:
#   python tools/test.py configs/meltr_all_in_one_msrvtt_mc.py \
#       checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: five captions as officially; the rest as for retrieval,
# but for 20 epochs, our choice. So is training on chosen captions: it is
# All-in-one's matching with false captions.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/all_in_one_ranking.py',
    '_base_/datasets/msrvtt_mc_all_in_one.py',
    '_base_/schedules/aid_all_in_one_20e.py'
]

# 256 videos per update on 8 GPUs.
optim_wrapper = dict(accumulative_counts=2)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
