from meltr_mm.datasets.answer_vocabulary import most_frequent_answers


def test_order_and_size():
    answers = ['b', 'c', 'a', 'c', 'b', 'c', 'a', 'd']
    assert most_frequent_answers(answers, 3) == ['c', 'a', 'b']
    assert most_frequent_answers(reversed(answers), 3) == ['c', 'a', 'b']
    assert most_frequent_answers(answers, 9) == ['c', 'a', 'b', 'd']
