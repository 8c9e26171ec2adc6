# VIOLET + MELTR on generated clips in the files of MSVD-QA: runs on a laptop.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_violet_msvdqa.py
#
# The twin of configs/meltr_violet_msvdqa.py: same model code, data classes and
# optimisers, but a small model trained from scratch, so with higher rates.
#
# 2866 / 188 / 518 questions about 1000 / 60 / 160 clips, 14 answers. Chance
# is 7.1 %, the most frequent answer is right for 18.5 % of the test questions;
# the evaluation prints both beside the accuracy. The ceiling is 100 %: every
# answer can be seen.
_base_ = ['../meltr_violet_msvdqa.py', '../_base_/toy_violet.py']
_base_.merge(_base_.pop('toy'))

data_root = '{{$MELTR_DATA:data}}/toy/msvd_qa'
# The longest question has 11 pieces with [CLS] and [SEP].
max_length = 12
# By what the evaluation groups the questions; the first match counts.
question_types = dict(
    count='how many|number of',
    direction='direction|where does',
    shape='what shape|which shape|thing',
    colour='colour')
clips = dict(question_types='${question_types}', video_suffix='.mp4')
train_set = clips
val_set = clips
test_set = clips
del clips

# Questions such as 'how many objects are there?' fit every clip, so there is
# nothing to be learnt from matching them with clips (loss_vtm), and its B x B
# pass is two thirds of a step. The model computes only what is listed.
model = dict(
    model=dict(task=dict(num_answers=14, dropout=0.)),
    losses=['loss_qa', 'loss_mtm', 'loss_mvm'])
work_dir = './work_dirs/toy/meltr_violet_msvdqa'
