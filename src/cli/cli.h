// The command line: reads the arguments, runs a subcommand. The one room that CLI11 is seen in.
#pragma once

namespace allocd {

// Returns the exit code of the subcommand; 0 also for `--help`, kWrongUsage for arguments that
// cannot be read. Catches everything.
int run_cli(int argc, char** argv);

}  // namespace allocd
