"""Fine-tuning, data and schedules."""

from __future__ import annotations

from resnetlab.exercises.quiz import Choice, Question

PRACTICE = (
    Question(
        "freezing_early_layers",
        "practice",
        "You set requires_grad = False on the parameters of layer1 and layer2. What can still change in the "
        "early layers?",
        (
            Choice(
                "Nothing: they are frozen.",
                "The stem before them is trained, and every batch norm in training mode moves its running averages.",
                taught=True,
            ),
            Choice(
                "The stem's weights, and the running averages of all norms, also in layer1 and layer2.",
                "Freeze the stem as well, and keep frozen parts in evaluation mode, after every model.train().",
                right=True,
            ),
            Choice(
                "Only the weight decay on the frozen weights.",
                "An optimiser passes over parameters without a gradient.",
            ),
        ),
        ("resnetlab lab run freeze_early_layers", "resnetlab exercises check course freezing"),
    ),
    Question(
        "deviation_of_cifar10",
        "practice",
        "CIFAR-10's standard deviation is given as (0.2023, 0.1994, 0.2010). What is it?",
        (
            Choice(
                "The deviation of its pixels, channel by channel.",
                "That is (0.2470, 0.2435, 0.2616).",
                taught=True,
            ),
            Choice(
                "The mean of the images' own deviations; over all pixels it is (0.2470, 0.2435, 0.2616).",
                "Images differ in brightness too, which the mean of their own deviations leaves out. Training hardly "
                "minds; published weights expect what they were trained with.",
                right=True,
            ),
            Choice("ImageNet's.", "That is (0.229, 0.224, 0.225)."),
        ),
        ("resnetlab data inspect cifar10",),
    ),
    Question(
        "cosine_that_hardly_moves",
        "practice",
        "A notebook trains 3 epochs with CosineAnnealingLR(T_max=200). What does the schedule do?",
        (
            Choice(
                "It lowers the rate smoothly to zero.",
                "It would, in 200 epochs. After 3 of them the rate is at 0.9994 of its start.",
                taught=True,
            ),
            Choice(
                "Next to nothing: T_max is to be the number of epochs that are trained.",
                "The low rates at the end are where the error falls last. Here schedules always span the training.",
                right=True,
            ),
            Choice("It restarts every 3 epochs.", "That needs CosineAnnealingWarmRestarts."),
        ),
        ("resnetlab train --model resnet18_cifar --data cifar10 --recipe tutorial --epochs 3 --dry-run",),
    ),
    Question(
        "what_the_notebook_reports",
        "practice",
        "A notebook makes a train loader and a test loader, trains on the first, prints loss and accuracy as it goes, "
        "and ends. How well does its network do on new images?",
        (
            Choice(
                "As well as the accuracy that it prints.",
                "That is the accuracy on the images it trains on, summed up while it trains: its test loader is made "
                "and never used.",
                taught=True,
            ),
            Choice(
                "It was not measured: nothing in it ever reads the test images.",
                "Evaluate on images that were neither trained on nor chosen by, in evaluation mode, once.",
                right=True,
            ),
            Choice(
                "A little worse than what it prints: training images are easier.",
                "Often, by an amount that nobody knows. Accuracy summed up while the network still learns can be the "
                "lower one too.",
            ),
        ),
        ("resnetlab train --model resnet20 --data digits --recipe digits", "resnetlab eval runs/mine --data digits"),
    ),
    Question(
        "resuming_exactly",
        "practice",
        "You saved model.state_dict() after epoch 10 and go on from it. Is that the run that would have been?",
        (
            Choice(
                "Yes: the weights are all that is learned.",
                "Momentum begins from nothing, and the rate from its start.",
            ),
            Choice(
                "No: the optimiser's state, the schedule, the step and the random states are missing.",
                "With all of them it ends at the same bits.",
                right=True,
            ),
            Choice("Yes, if the seed is set again.", "Then the random numbers of epoch 1 come a second time."),
        ),
        (
            "resnetlab train --model resnet20 --data digits --recipe digits --verify-resume",
            "resnetlab exercises check course resuming",
        ),
    ),
)
