# TGIF-QA's state transitions for All-in-one at full size: as its repeating
# actions, but of data/tgif/transition_{train,test}.jsonl. A leaf with it is
# configs/meltr_all_in_one_tgif_action.py with this base.
_base_ = ['./tgif_action_all_in_one.py']

train_file = 'transition_train.jsonl'
train_dataloader = dict(dataset=dict(dataset=dict(ann_file=train_file)))
val_dataloader = dict(dataset=dict(dataset=dict(ann_file=train_file)))
test_dataloader = dict(dataset=dict(ann_file='transition_test.jsonl'))
