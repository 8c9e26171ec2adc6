# VIOLET + MELTR, open-ended QA on TGIF-QA, FrameQA.
#
#   python tools/train.py configs/meltr_violet_tgif_frame.py
#
# Data: data/tgif/ (docs/data/tgif_qa.md):
#   txt_tgif-frame.json   annotations and the 1540 answers, VIOLET's form
#   img_tgif.pkl   {clip: [5 JPEGs, base64]}
#   tgif_vq.pkl    {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   gifs/*.gif     only for reading frames from the GIFs, with
#                  img_file=None videos.video=gifs
# Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: see its table of TGIF-QA.
# Hyper-parameters: args_tgif-frame.json of the official code
# (batch 5 per GPU, 20 epochs, lr 3e-5, MELTR 1e-4, gamma 0.1, every 3).
# A whole run: 20 epochs of up to 39,392 questions, on one GPU: 157,560
# updates, 15,756 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 23.3 GiB of tensors in an update of 5 per GPU, 25.9
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/violet.py']

data_root = '{{$MELTR_DATA:data}}/tgif'
img_file = '${data_root}/img_tgif.pkl'
vq_file = '${data_root}/tgif_vq.pkl'
# size_txt of the official args_tgif-frame.json.
max_length = 25

train_set = dict(
    type='TGIFFrameQADataset',
    data_root='${data_root}',
    ann_file='txt_tgif-frame.json',
    data_prefix='${videos}',
    split='train',
    pipeline=['${train_inputs}'])
# The official code watches the test set instead.
val_set = dict(
    train_set, split='val', test_mode=True, pipeline=['${test_inputs}'])
test_set = dict(val_set, split='test')

# The vocabulary holds the 1,540 most frequent training answers.
model = dict(model=dict(task=dict(num_answers=1540)))

optim_wrapper = dict(
    optimizer=dict(lr=3e-5, weight_decay=1e-4),
    meta_optimizer=dict(lr=1e-4, weight_decay=1e-4))
train_cfg = dict(max_epochs=20)
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
