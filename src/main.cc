#include "cli/cli.h"

int main(int argc, char** argv) { return allocd::run_cli(argc, argv); }
