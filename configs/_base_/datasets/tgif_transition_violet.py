# TGIF-QA's state transitions for VIOLET at full size: as its repeating actions
# but for data/tgif/txt_tgif-transition.json.
_base_ = ['./tgif_action_violet.py']

ann_file = 'txt_tgif-transition.json'
train_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
val_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
