# VIOLET + MELTR on generated clips in the files of TGIF-Frame.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_violet_tgif_frame.py
#
# The twin of configs/meltr_violet_tgif_frame.py that runs on a laptop: a small
# model trained from scratch, so with higher rates.
#
# 4602 / 285 / 737 questions about colour, shape (type 'object') and number, 9
# answers. Chance is 11.1 %, the most frequent answer is right for 17.1 % of
# the test questions. The ceiling is 100 %: every answer can be seen. Reached
# with the settings of the first release (held-out meta batches, gamma=0.1):
# 58.5 % in the test, 6.7 minutes of training (26 November 2026, 1 core).
_base_ = ['../meltr_violet_tgif_frame.py', '../_base_/toy_violet.py']
_base_.merge(_base_.pop('toy'))

data_root = '{{$MELTR_DATA:data}}/toy/tgif_qa'
max_length = 9
videos = dict(video='gifs')

# Questions fit many clips, so matching (loss_vtm) teaches little.
model = dict(
    model=dict(task=dict(num_answers=9, dropout=0.)),
    losses=['loss_qa', 'loss_mtm', 'loss_mvm'])

train_cfg = dict(max_epochs=4)
work_dir = './work_dirs/toy/meltr_violet_tgif_frame'
