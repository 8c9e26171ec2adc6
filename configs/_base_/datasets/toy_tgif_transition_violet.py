# The toy world in the files of TGIF-QA's state transitions, for a small
# VIOLET: as its repeating actions but for the questions.
_base_ = ['./toy_tgif_action_violet.py']

ann_file = 'txt_tgif-transition.json'
train_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
meta_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
val_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
