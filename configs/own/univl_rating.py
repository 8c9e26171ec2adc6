# UniVL + MELTR: rating clips of your own and what is said in them.
# docs/own_clips.md
#
#   python tools/train.py configs/own/univl_rating.py
_base_ = [
    '../meltr_univl_mosi.py',
    '../_base_/toy_univl.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_univl.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has ratings.csv: video,text,rating; and the features,
# which tools/data/extract_s3d.py makes of videos/.
data_root = '{{$MELTR_DATA:data}}/own'
feature_file = '${data_root}/features.pickle'
feature_dim = 1024
train_set = dict(task='rating', ann_file='ratings.csv', data_prefix=None)

model = dict(
    model=dict(task=dict(dropout=0.)),
    losses=[
        'loss_sentiment', 'loss_joint', 'loss_alignment', 'loss_mlm',
        'loss_mfm'
    ])
work_dir = './work_dirs/own/univl_rating'
