#include "cli/cli.h"

namespace nsmap::cli {

int run(int, char**) { return 0; }

}  // namespace nsmap::cli
