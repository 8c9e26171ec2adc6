# VIOLET + MELTR: questions about clips of your own. docs/own_clips.md
#
#   python tools/train.py configs/own/violet_qa.py
_base_ = [
    '../meltr_violet_msvdqa.py',
    '../_base_/toy_violet.py',
    '../_base_/own_clips.py'
]
# `toy` is the small model, which a CPU trains from nothing. For the published
# size take its line and toy_violet.py out, and give load_from=.
_base_.merge(_base_.pop('toy'))
_base_.merge(_base_.pop('own'))

# Has videos/ and questions.csv: video,question,answer.
data_root = '{{$MELTR_DATA:data}}/own'
train_set = dict(task='qa', ann_file='questions.csv')

# The clips are decoded. There are no codes, so no loss_mvm; questions fit many
# clips, so no loss_vtm.
img_file = vq_file = None
model = dict(
    # At least the number of different answers.
    model=dict(task=dict(num_answers=20, dropout=0.)),
    losses=['loss_qa', 'loss_mtm'])
work_dir = './work_dirs/own/violet_qa'
