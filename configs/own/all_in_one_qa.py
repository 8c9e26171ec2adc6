# All-in-one + MELTR: questions about clips of your own. docs/own_clips.md
#
#   python tools/train.py configs/own/all_in_one_qa.py
_base_ = [
    '../meltr_all_in_one_msvdqa.py',
    '../_base_/toy_all_in_one.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_all_in_one.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has videos/ and questions.csv: video,question,answer.
data_root = '{{$MELTR_DATA:data}}/own'
max_length = 24
train_set = dict(task='qa', ann_file='questions.csv')

# At least the number of different answers.
model = dict(model=dict(heads=dict(qa=dict(num_answers=20, dropout=0.))))
train_cfg = dict(max_epochs=6)
work_dir = './work_dirs/own/all_in_one_qa'
