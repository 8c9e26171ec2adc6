# The toy world in the files of MSRVTT retrieval, for a small All-in-one.
#
# 900 clips to train on, 100 for meta batches, 60 to validate, 160 to test:
# R@1 is 0.6 % by chance. Some clips are described alike: 130 captions of the
# test differ, so that the ceiling of R@1 is about 81 %.
#
# Measured on 26 November 2026: text-to-video R@1 18.8, R@10 93.8 on the test,
# after 4.4 minutes on one core.
_base_ = ['./all_in_one_toy.py']

captions = dict(
    type='MSRVTTListDataset',
    data_root='data/toy/msrvtt',
    ann_file='MSR_VTT.json')
# The longest caption has 22 pieces with [CLS] and [SEP].
max_length = 22
tokenize = dict(_base_.tokenize, max_length=max_length, key='caption')
train_pipeline = [
    *_base_.read_train,
    dict(type='PickCaption'),
    tokenize,
    _base_.mask,
    _base_.pack_train,
]
test_pipeline = [
    *_base_.read_test,
    dict(type='PickCaption', random=False),
    tokenize,
    _base_.pack_test,
]

train_dataset = dict(
    **captions, list_file='train_list_9k.txt', pipeline=train_pipeline)
# The base divides the training clips between these two.
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
val_dataloader = dict(
    dataset=dict(
        **captions,
        # The real data have no such list.
        list_file='val_list.txt',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    dataset=dict(
        **captions,
        list_file='val_list_jsfusion.txt',
        caption_index_file='jsfusion_val_caption_idx.pkl',
        test_mode=True,
        pipeline=test_pipeline))

# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
