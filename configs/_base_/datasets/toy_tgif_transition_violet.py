# The toy world in the files of TGIF-QA's state transitions, for a small
# VIOLET: as its repeating actions, but 2000 / 120 / 320 questions about
# 1000 / 60 / 160 clips. Always the same act is right for 22.2 % of the test;
# who guesses among the four acts that the question does not name has 25 %.
# configs/toy/meltr_violet_tgif_transition.py: 69.4 % in the test, 7.8 minutes
# of training (25 November 2026, 1 core).
_base_ = ['./toy_tgif_action_violet.py']

ann_file = 'txt_tgif-transition.json'
train_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
meta_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
val_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
