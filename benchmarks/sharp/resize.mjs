// Six widths as sharp's documentation shows it; AVIF with the subsampling and the speed (9 - effort) that ours has. Prints
// CPU microseconds of each round and the bytes made.
import { readFileSync } from "node:fs";
import sharp from "sharp";

const [file, format, quality, rounds, ...widths] = process.argv.slice(2);
sharp.concurrency(2);
sharp.cache(false);
const options = { quality: Number(quality), ...(format === "avif" ? { chromaSubsampling: "4:2:0", effort: 3 } : {}) };
const content = readFileSync(file);

async function make() {
  const picture = sharp(content).rotate().toColourspace("srgb");
  return Promise.all(widths.map((width) => picture.clone().resize(Number(width)).toFormat(format, options).toBuffer()));
}

for (let round = 0; round < Number(rounds); round += 1) {
  const before = process.cpuUsage();
  const made = await make();
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ us: user + system, bytes: made.reduce((sum, one) => sum + one.length, 0) }));
}
