# VIOLET + MELTR, open-ended QA on MSVD-QA.
#
#   python tools/train.py configs/meltr_violet_msvdqa.py
#
# Data: data/msvd/ (docs/data/msvd_qa.md):
#   txt_msvd-qa.json   annotations and the 1000 answers, VIOLET's form
#   img_msvd.pkl       {clip: [5 JPEGs, base64]}
#   msvd_vq.pkl        {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   videos/*.avi       only for reading frames from the videos, with
#                      img_file=None videos.video=videos
# Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: 51.7 accuracy, over the 11,983 of 13,157 test questions whose answers
# are known: compare `qa/accuracy_known` with it.
# Hyper-parameters: args_msvd-qaoe.json of the official code
# (batch 5 per GPU, 30 epochs, lr 1.2e-5, MELTR 1e-4, gamma 0.1, every 3).
# A whole run: 30 epochs of 30,933 questions, on one GPU: 185,580 updates,
# 18,558 meta steps. What differs from the published recipe: configs/official.
# Memory (docs/costs.md): 23.3 GiB of tensors in an update of 5 per GPU, 25.9
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/violet.py']

data_root = '{{$MELTR_DATA:data}}/msvd'
img_file = '${data_root}/img_msvd.pkl'
vq_file = '${data_root}/msvd_vq.pkl'
# size_txt of the official args_msvd-qaoe.json.
max_length = 25

train_set = dict(
    type='MSVDQADataset',
    data_root='${data_root}',
    ann_file='txt_msvd-qa.json',
    data_prefix='${videos}',
    video_suffix='.avi',
    split='train',
    pipeline=['${train_inputs}'])
val_set = dict(
    train_set, split='val', test_mode=True, pipeline=['${test_inputs}'])
test_set = dict(val_set, split='test')

# The vocabulary holds the 1,000 most frequent training answers.
model = dict(model=dict(task=dict(num_answers=1000)))

train_cfg = dict(max_epochs=30)
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
