/* suite_main.c - the main of a test program that has none of its own. */
#include "support/suite.h"

int main(int argc, char **argv)
{
    return suite_main(argc, argv);
}
