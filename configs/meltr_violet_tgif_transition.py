# VIOLET + MELTR, multiple-choice QA on TGIF-QA, state transitions.
#
#   python tools/train.py configs/meltr_violet_tgif_transition.py
#
# Data: data/tgif/ (docs/data/tgif_qa.md):
#   txt_tgif-transition.json
#                  annotations, VIOLET's form; the original tables have no
#                  validation questions: docs/data/tgif_qa.md
#   img_tgif.pkl   {clip: [5 JPEGs, base64]}
#   tgif_vq.pkl    {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   gifs/*.gif     only for reading frames from the GIFs, with
#                  img_file=None videos.video=gifs
# Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: see its table of TGIF-QA.
# Hyper-parameters: args_tgif-transition.json of the official code
# (batch 3 per GPU, 20 epochs, lr 3e-6, MELTR 1e-4, gamma 0.1, every 3).
# A whole run: 20 epochs of up to 52,704 questions, on one GPU: 351,360
# updates, 35,136 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 21.1 GiB of tensors in an update of 3 per GPU, 23.5
# in one with a meta step.
_base_ = 'meltr_violet_tgif_action.py'

train_set = dict(ann_file='txt_tgif-transition.json')
val_set = dict(ann_file='txt_tgif-transition.json')
test_set = dict(ann_file='txt_tgif-transition.json')

optim_wrapper = dict(optimizer=dict(lr=3e-6))
