# --- header
import time, datetime, uuid, os, socket, zlib, hashlib
import numpy as np
# --- bad: SB501 a budget of time
while time.time() < deadline:
    train_step()
# --- bad: SB501 stops by the clock
began = time.time()
for step in range(1000):
    train()
    if time.time() - began > 3600:
        break
# --- bad: SB501 the hour decides
if datetime.datetime.now().hour < 12:
    rate = 0.1
# --- bad: SB501 time as data
features = np.array([time.time(), 1.0])
# --- bad: SB501 a remainder
fold = int(time.time()) % 5
# --- good: how long it took
began = time.perf_counter()
train()
print(f"{time.perf_counter() - began:.1f} s")
# --- good: a name of a run
name = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
# --- good: logged
import logging
logging.info("began at %s", datetime.datetime.now())
# --- good: sleeping
time.sleep(1)
# --- good: a list of durations
durations = []
for step in range(3):
    t = time.time()
    durations.append(time.time() - t)
# --- bad: SB502 uuid4
name = f"model-{uuid.uuid4()}.pt"
# --- bad: SB502 uuid1
key = uuid.uuid1().hex
# --- bad: SB502 urandom
salt = os.urandom(16)
# --- bad: SB502 secrets
import secrets
token = secrets.token_hex(8)
# --- good: uuid5 is derived
name = uuid.uuid5(uuid.NAMESPACE_URL, "model")
# --- good: a digest
name = hashlib.sha256(b"model").hexdigest()
# --- bad: SB503 hash of text
bucket = hash(word) % 1000
# --- bad: SB503 hash of an f-string
fold = hash(f"{user}-{day}") % 5
# --- bad: SB503 in a lambda
shard = lambda name: hash(name) % 8
# --- bad: SB503 order by hash
items = sorted(names, key=hash)
# --- good: crc32
bucket = zlib.crc32(word.encode()) % 1000
# --- good: __hash__
class Point:
    def __hash__(self):
        return hash((self.x, self.y))
# --- good: hash of a number
n = hash(3)
# --- good: sealed the seal pins PYTHONHASHSEED
bucket = hash(word) % 1000
# --- bad: SB504 sorted by address
layers = sorted(layers, key=id)
# --- bad: SB504 sorted by address in a lambda
layers.sort(key=lambda layer: (layer.depth, id(layer)))
# --- bad: SB504 a bucket by address
bucket = id(item) % 8
# --- good: identity
if id(a) == id(b):
    print("same")
# --- good: a memo
memo[id(a)] = a
# --- good: a column called id
id = row["id"]
bucket = id % 8
# --- bad: SB505 a rate from the environment
rate = float(os.environ["LEARNING_RATE"])
# --- bad: SB505 a number from the environment
epochs = int(os.getenv("EPOCHS", "10"))
# --- bad: SB505 get
batch = int(os.environ.get("BATCH_SIZE", 32))
# --- good: the rank
rank = int(os.environ["LOCAL_RANK"])
# --- good: a folder
folder = os.environ["DATA_DIR"]
# --- good: a token
token = os.environ.get("HF_TOKEN")
# --- bad: SB505 sealed a recipe reads the environment
folder = os.environ["ANYTHING"]
# --- bad: SB506 the host decides
if socket.gethostname() == "big":
    batch = 512
# --- bad: SB506 the process decides
fold = os.getpid() % 5
# --- good: the host in a log
print("running on", socket.gethostname())
# --- good: the host in a record
record = {"host": socket.gethostname()}
# --- good: the process in a name
path = f"/tmp/cache-{os.getpid()}"
# --- bad: SB508 pip in Python
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "pip", "install", "torch"])
# --- bad: SB508 pip in a shell
os.system("pip install xgboost")
# --- good: pinned
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "pip", "install", "torch==2.13.0"])
# --- good: from a file
os.system("pip install -r requirements.txt")
# --- good: another command
os.system("make install")
# --- bad: SB901 pickle
import pickle
with open("m.pkl", "wb") as file:
    pickle.dump(model, file)
# --- bad: SB901 joblib
import joblib
joblib.dump(model, "m.joblib")
# --- good: reading
import pickle
model = pickle.load(open("m.pkl", "rb"))
# --- good: safetensors
from safetensors.numpy import save_file
save_file({"a": np.ones(3)}, "m.safetensors")
# --- good: json
import json
json.dump({"a": 1}, open("a.json", "w"))
# --- bad: SB902 SB901 a hash of a pickle
import pickle
digest = hashlib.sha256(pickle.dumps(model)).hexdigest()
# --- bad: SB902 a hash of torch.save
import torch
torch.save(model.state_dict(), "m.pt")
digest = hashlib.md5(open("m.pt", "rb").read()).hexdigest()
# --- bad: SB902 a hash of torch.save through a name
import torch
path = "weights.bin"
torch.save(model.state_dict(), path)
with open(path, "rb") as file:
    data = file.read()
digest = hashlib.sha256(data).hexdigest()
# --- bad: SB902 a hash of a buffer
import io, torch
buffer = io.BytesIO()
torch.save(model, buffer)
digest = hashlib.sha256(buffer.getvalue()).hexdigest()
# --- bad: SB902 .keras files compared
import filecmp
same = filecmp.cmp("a.keras", "b.keras")
# --- good: a hash of tensors
digest = hashlib.sha256(weights.tobytes()).hexdigest()
# --- good: a hash of data
digest = hashlib.sha256(open("data.csv", "rb").read()).hexdigest()
# --- good: torch.save
import torch
torch.save(model.state_dict(), "m.pt")
# --- bad: SB903 several metadata keys
from safetensors.torch import save_file
save_file(tensors, "m.safetensors", metadata={"a": "1", "b": "2"})
# --- good: one metadata key
from safetensors.torch import save_file
save_file(tensors, "m.safetensors", metadata={"info": "{}"})
# --- good: a uuid that is only logged
run_id = uuid.uuid4()
print("run", run_id)
