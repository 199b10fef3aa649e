import time

print("waiting for the detector")
time.sleep(1000)
