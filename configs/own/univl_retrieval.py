# UniVL + MELTR: finding clips of your own by a text.
# docs/own_clips.md
#
#   python tools/train.py configs/own/univl_retrieval.py
_base_ = [
    '../meltr_univl_msrvtt7k_retrieval.py',
    '../_base_/toy_univl.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_univl.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has captions.csv: video,caption; and the features,
# which tools/data/extract_s3d.py makes of videos/.
data_root = '{{$MELTR_DATA:data}}/own'
feature_file = '${data_root}/features.pickle'
feature_dim = 1024
train_set = dict(task='retrieval', ann_file='captions.csv', data_prefix=None)

work_dir = './work_dirs/own/univl_retrieval'
