# UniVL + MELTR: captions of clips of your own.
# docs/own_clips.md
#
#   python tools/train.py configs/own/univl_captioning.py
_base_ = [
    '../meltr_univl_youcook2_captioning.py',
    '../_base_/toy_univl.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_univl.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has captions.csv: video,caption, and text if you know what is said; and the
# features, which tools/data/extract_s3d.py makes of videos/.
data_root = '{{$MELTR_DATA:data}}/own'
feature_file = '${data_root}/features.pickle'
feature_dim = 1024
train_set = dict(task='caption', ann_file='captions.csv', data_prefix=None)

model = dict(
    model=dict(task=dict(beam_size=3)),
    losses=['loss_joint', 'loss_mlm', 'loss_mfm', 'loss_decoder'])
work_dir = './work_dirs/own/univl_captioning'
