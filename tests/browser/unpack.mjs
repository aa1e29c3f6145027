// Unpack the browser of the npm package into the folder of TMPDIR, and see that it starts.
import { execFileSync } from "node:child_process"
import chromium from "@sparticuz/chromium"

const path = await chromium.executablePath()
console.log(path, execFileSync(path, ["--version", "--no-sandbox"], { encoding: "utf8" }).trim())
