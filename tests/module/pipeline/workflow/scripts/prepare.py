"""named.csv and unnamed.csv: the measured flowers, those with their species as a number and those without."""

import csv
import sys
from pathlib import Path

measured, every, named, unnamed = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
SPECIES = ["setosa", "versicolor", "virginica"]

with measured.open() as source, named.open("w") as known, unnamed.open("w") as unknown:
    header, *flowers = csv.reader(source)
    csv.writer(known).writerow(header)
    csv.writer(unknown).writerow(header[:-1])
    for number, (*sizes, species) in enumerate(flowers):
        if number % every:
            csv.writer(known).writerow([*sizes, SPECIES.index(species)])
        else:
            csv.writer(unknown).writerow(sizes)
