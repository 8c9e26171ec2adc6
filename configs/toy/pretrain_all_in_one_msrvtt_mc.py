# Pre-training: All-in-one on generated clips in the files of MSRVTT.
#
#   python tools/data/make_toyworld.py --out data/elsewhere/toy \
#       --data msrvtt --seed 1000
#   MELTR_DATA=data/elsewhere python tools/train.py \
#       configs/toy/pretrain_all_in_one_msrvtt_mc.py
#   python tools/train.py configs/toy/meltr_all_in_one_msrvtt_mc.py \
#       --cfg-options train_set.indices=200 \
#       load_from=work_dirs/toy/pretrain_all_in_one_msrvtt_mc/epoch_3.pth
#
# The model's own losses, which need no labels, added up, on another world than
# that of the config which the last command fine-tunes on 200 samples. In a
# short form it is what docs/does_it_help.md begins its pre-trained tasks from.
_base_ = 'meltr_all_in_one_msrvtt_mc.py'

model = dict(
    meltr=dict(_delete_=True, type='PlainSum'),
    losses=['loss_mlm', 'loss_itc'],
    primary='loss_mlm')
# What is predicted is not trained yet.
val_cfg = val_dataloader = val_evaluator = None
test_cfg = test_dataloader = test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
work_dir = './work_dirs/toy/pretrain_all_in_one_msrvtt_mc'
