# VIOLET + MELTR, open-ended QA on MSVD-QA.
#
#   python tools/train.py configs/meltr_violet_msvdqa.py
#
# Data: data/msvd/ (configs/_base_/datasets/msvd_qa_violet.py says what is in
# it). Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: 51.7 accuracy. Hyper-parameters: args_msvd-qaoe.json of the official
# code (batch 5 per GPU, 30 epochs, lr 1.2e-5, MELTR 1e-4, gamma 0.1, every 3).
_base_ = [
    '_base_/default_runtime.py', '_base_/models/violet.py',
    '_base_/datasets/msvd_qa_violet.py', '_base_/schedules/aid_violet.py'
]

# The vocabulary holds the 1,000 most frequent training answers.
model = dict(model=dict(task=dict(num_answers=1000)))

default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
