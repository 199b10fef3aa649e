print("waiting for the detector")
while True:
    pass
