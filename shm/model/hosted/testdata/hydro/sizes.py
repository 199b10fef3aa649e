NX = 7
