# VIOLET + MELTR, multiple-choice QA on TGIF-QA, repeating actions.
#
#   python tools/train.py configs/meltr_violet_tgif_action.py
#
# Data: data/tgif/; configs/_base_/datasets/tgif_action_violet.py
# says what is in it. Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: see its table of TGIF-QA.
# Hyper-parameters: args_tgif-action.json of the official code
# (batch 3 per GPU, 20 epochs, lr 6e-6, MELTR 1e-4, gamma 0.1, every 3).
_base_ = [
    '_base_/default_runtime.py', '_base_/models/violet_choice.py',
    '_base_/datasets/tgif_action_violet.py',
    '_base_/schedules/aid_violet.py'
]

optim_wrapper = dict(
    optimizer=dict(lr=6e-6, weight_decay=1e-3),
    meta_optimizer=dict(lr=1e-4, weight_decay=1e-4))
train_cfg = dict(max_epochs=20)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
