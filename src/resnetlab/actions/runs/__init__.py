"""What `train` and `finetune` are made of: settings, the call, what watches it, and the folder it leaves."""
