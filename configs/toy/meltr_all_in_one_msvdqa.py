# All-in-one + MELTR on generated clips in the files of MSVD-QA.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_all_in_one_msvdqa.py
#
# The twin of configs/meltr_all_in_one_msvdqa.py that runs on a laptop: a small
# model trained from scratch, so with higher rates.
#
# 2541 / 159 / 414 questions about 1000 / 60 / 160 clips, 14 answers. Chance is
# 7.1 %, the most frequent answer is right for 17.1 % of the test questions.
# The ceiling is 100 %: every answer can be seen. Reached with the settings of
# the first release (held-out meta batches, gamma=1): 61.1 % of the test
# questions, after 4.5 minutes on one core (25 November 2026).
_base_ = ['../meltr_all_in_one_msvdqa.py', '../_base_/toy_all_in_one.py']
_base_.merge(_base_.pop('toy'))

data_root = '{{$MELTR_DATA:data}}/toy/msvd_qa'
# The longest question has 10 pieces with [CLS] and [SEP].
max_length = 10
train_set = dict(video_suffix='.mp4')
val_set = dict(video_suffix='.mp4')
test_set = dict(video_suffix='.mp4')

# The answers and, as officially, one output that is never right.
model = dict(model=dict(heads=dict(qa=dict(num_answers=15, dropout=0.))))
train_cfg = dict(max_epochs=3)
work_dir = './work_dirs/toy/meltr_all_in_one_msvdqa'
