# UniVL + MELTR on YouCook2 captioning: the released command.
#
#   python tools/train.py configs/official/meltr_univl_youcook2_captioning.py
#
# Data: as configs/meltr_univl_youcook2_captioning.py says, with
# youcookii_data.transcript.pickle of the authors, which has transcripts and is
# not public. Weights:
#   python tools/convert/univl.py univl.pretrained.bin \
#       checkpoints/univl.pth
# and --cfg-options load_from=checkpoints/univl.pth
# Paper: BLEU-3 24.12, BLEU-4 17.92, METEOR 22.56, ROUGE-L 47.04, CIDEr 1.90
# (190 here).
# Differs from ours: BERT's Adam at 1e-4 for one epoch of a rate that falls
# over four, no regulariser, 20 words and 100 frames, losses that count [PAD]
# and compare a pair with itself, the search that writes on after an end,
# references that are cut; no choice of a checkpoint.
# A whole run: some 10,330 clips (docs/data/youcook2.md), 128 per update (8
# GPUs of 16), the last batch left out: 80 updates, 27 meta steps.
# Memory (docs/costs.md): 13.8 GiB of tensors in an update of 16 per GPU, 16.6
# in one with a meta step.
_base_ = [
    '../meltr_univl_youcook2_captioning.py',
    '../_base_/official_univl.py'
]
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
data_file = 'youcookii_data.transcript.pickle'
train_set = dict(data_file='${data_file}')
val_set = dict(data_file='${data_file}')
test_set = dict(data_file='${data_file}')

work_dir = './work_dirs/official/meltr_univl_youcook2_captioning'
