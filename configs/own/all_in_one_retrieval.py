# All-in-one + MELTR: finding clips of your own by a text. docs/own_clips.md
#
#   python tools/train.py configs/own/all_in_one_retrieval.py
_base_ = [
    '../meltr_all_in_one_msrvtt7k_retrieval.py',
    '../_base_/toy_all_in_one.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_all_in_one.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has videos/ and captions.csv: video,caption.
data_root = '{{$MELTR_DATA:data}}/own'
max_length = 24
train_set = dict(task='retrieval', ann_file='captions.csv')

model = dict(model=dict(heads=dict(itc=dict(shared_dim=128))))
train_cfg = dict(max_epochs=6)
work_dir = './work_dirs/own/all_in_one_retrieval'
