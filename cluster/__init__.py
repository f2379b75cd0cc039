"""More machines than one, by Ray (extra `cluster`): engines that share the chats, trainings side by side."""
