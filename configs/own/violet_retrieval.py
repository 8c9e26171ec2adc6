# VIOLET + MELTR: finding clips of your own by a text. docs/own_clips.md
#
#   python tools/train.py configs/own/violet_retrieval.py
_base_ = [
    '../meltr_violet_msrvtt9k_retrieval.py',
    '../_base_/toy_violet.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_violet.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has videos/ and captions.csv: video,caption.
data_root = '{{$MELTR_DATA:data}}/own'
train_set = dict(task='retrieval', ann_file='captions.csv')

# The clips are decoded. There are no codes, so no loss_mvm.
img_file = vq_file = None
model = dict(losses=['loss_vtm', 'loss_mtm'])
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
work_dir = './work_dirs/own/violet_retrieval'
