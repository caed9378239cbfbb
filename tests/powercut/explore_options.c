/* The command line of what explores. */
#include "tests/powercut/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool explore_options_read(explore_options_t *options, int argc, char **argv)
{
    const struct {
        const char *name;
        unsigned long *number;
        const char **text;
    } names[] = {
        {"--depth", &options->depth, NULL},   {"--sample", &options->sample, NULL}, {"--cuts", &options->cuts, NULL},
        {"--faults", &options->faults, NULL}, {"--detail", &options->detail, NULL}, {"--seed", &options->seed, NULL},
        {"--late", &options->late, NULL},     {"--apart", &options->apart, NULL},   {"--lane", &options->lane, NULL},
        {"--replay", NULL, &options->replay}, {"--case", NULL, &options->name}};
    *options = (explore_options_t){.depth = 1, .sample = 1, .seed = 1};
    options->list = argc == 2 && strcmp(argv[1], "--list") == 0;
    bool good = argc % 2 != 0 || options->list;
    for (int index = 1; good && index + 1 < argc; index += 2) {
        good = false;
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
            if (strcmp(argv[index], names[name].name) != 0) {
                continue;
            }
            good = true;
            if (names[name].number != NULL) {
                *names[name].number = strtoul(argv[index + 1], NULL, 10);
            } else {
                *names[name].text = argv[index + 1];
            }
        }
    }
    if (!good) {
        (void)fprintf(stderr,
                      "usage: %s --list | [--case NAME] [--depth CUTS] [--sample N | --cuts N] [--faults N] [--late N] "
                      "[--detail 1] "
                      "[--apart 1] [--lane 1|2] [--seed S] [--replay PATH]\n",
                      argv[0]);
    }
    return good;
}
