# All-in-one + MELTR, multiple-choice QA on TGIF-QA, repeating actions.
#
#   python tools/train.py configs/meltr_all_in_one_tgif_action.py
#
# Data: data/tgif/; configs/_base_/datasets/tgif_action_all_in_one.py says
# what is in it. For state transitions, tgif_transition_all_in_one.py beside
# it takes its place.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: `task_finetune_tgif_action_trans` of the official
# config.py (batch 512, 100 epochs, lr 1e-4, heads ten times that); MELTR as
# for retrieval.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/all_in_one_mc.py',
    '_base_/datasets/tgif_action_all_in_one.py',
    '_base_/schedules/aid_all_in_one_qa.py'
]

# 512 questions per update on 8 GPUs.
optim_wrapper = dict(accumulative_counts=4)
train_cfg = dict(max_epochs=100)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-12, begin=0, end=10,
        convert_to_iter_based=True),
    dict(
        type='PolyLR', power=1, eta_min=0., begin=10, end=100,
        convert_to_iter_based=True)
]
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
