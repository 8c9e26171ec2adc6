# Text-to-video retrieval on MSRVTT for All-in-one at full size, 7,010
# training clips. For 9,000, a leaf replaces the training list.
#
# data/msrvtt/
#   MSR_VTT.json                 all captions
#   train_list_7k.txt, train_list_9k.txt, val_list_jsfusion.txt
#   jsfusion_val_caption_idx.pkl the caption of each of the 1000 test videos
#   videos/*.mp4
_base_ = ['./all_in_one.py']

captions = dict(
    type='MSRVTTListDataset',
    data_root='data/msrvtt',
    ann_file='MSR_VTT.json')
tokenize = dict(_base_.tokenize, key='caption')
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

train_dataloader = dict(
    dataset=dict(
        **captions, list_file='train_list_7k.txt', pipeline=train_pipeline))
# The test set is the only other one that the files define, and officially
# chooses the checkpoint.
val_dataloader = dict(
    dataset=dict(
        **captions,
        list_file='val_list_jsfusion.txt',
        caption_index_file='jsfusion_val_caption_idx.pkl',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
