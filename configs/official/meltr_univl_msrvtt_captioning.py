# UniVL + MELTR on MSRVTT captioning: the released command.
#
#   python tools/train.py configs/official/meltr_univl_msrvtt_captioning.py
#
# Data: as configs/meltr_univl_msrvtt_captioning.py says, with
# MSRVTT_transcript_data_v2.json of MELTR's authors, which has transcripts.
# Weights:
#   python tools/convert/univl.py univl.pretrained.bin \
#       checkpoints/univl.pth
# and --cfg-options load_from=checkpoints/univl.pth
# Paper: BLEU-4 44.17, METEOR 29.26, ROUGE-L 62.35, CIDEr 52.77 (x 100, as
# here).
# Differs from ours: BERT's Adam at 1e-4 for one epoch of a rate that falls
# over four, no regulariser, 20 words and 100 frames, losses that count [PAD]
# and compare a pair with itself, the search that writes on after an end, the
# first reference of a video only, and cut; no choice of a checkpoint.
# A whole run: 140,200 captions, 128 per update (8 GPUs of 16), the last batch
# left out: 1,095 updates, 365 meta steps.
# Memory (docs/costs.md): 13.8 GiB of tensors in an update of 16 per GPU, 16.6
# in one with a meta step.
_base_ = ['../meltr_univl_msrvtt_captioning.py', '../_base_/official_univl.py']
_base_.merge(_base_.pop('official'))

# With transcripts all eight losses are trained.
model = dict(
    model=dict(task=dict(stopping='official')),
    losses=[
        'loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm',
        'loss_m_joint', 'loss_m_align', 'loss_decoder', 'loss_m_decoder'
    ])
# References are cut to the longest caption.
test_inputs = dict(reference_length='${max_length}')
ann_file = 'MSRVTT_transcript_data_v2.json'
train_set = dict(ann_file='${ann_file}')
val_set = dict(ann_file='${ann_file}', references='first')
test_set = dict(ann_file='${ann_file}', references='first')

work_dir = './work_dirs/official/meltr_univl_msrvtt_captioning'
