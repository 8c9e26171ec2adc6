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
_base_ = ['_base_/default_runtime.py', '_base_/violet.py']

data_root = '{{$MELTR_DATA:data}}/tgif'
img_file = '${data_root}/img_tgif.pkl'
vq_file = '${data_root}/tgif_vq.pkl'
# size_txt of the official args_tgif-transition.json; cuts the context of long
# questions, never the option. 64 keeps everything.
max_length = 40
text_key = 'options'
# False: spaces around 'Options:' and 'Answer:', the option is never cut, and
# single words are masked. True is the official text and masking.
official_options = False
test_inputs = dict(official_options='${official_options}')
train_inputs = dict(official_options='${official_options}')

train_set = dict(
    type='TGIFChoiceQADataset',
    data_root='${data_root}',
    ann_file='txt_tgif-transition.json',
    data_prefix='${videos}',
    split='train',
    pipeline=['${train_inputs}'])
# The official code watches the test set instead.
val_set = dict(
    train_set, split='val', test_mode=True, pipeline=['${test_inputs}'])
test_set = dict(val_set, split='test')
# Per GPU; each question has five texts.
train_dataloader = dict(batch_size=3)
val_dataloader = dict(batch_size=3)
test_dataloader = dict(batch_size=3)

# True in `official_matching` compares videos as the official code does, which
# mixes up options and videos.
model = dict(
    model=dict(
        task=dict(
            _delete_=True,
            type='VioletMultipleChoiceQA',
            dropout=0.1,
            official_matching=False)))

optim_wrapper = dict(
    optimizer=dict(lr=3e-6, weight_decay=1e-3),
    meta_optimizer=dict(lr=1e-4, weight_decay=1e-4))
train_cfg = dict(max_epochs=20)
# The metric is that of any closed set of answers.
val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
