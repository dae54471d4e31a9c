/* Runs a fuzz target over files, without a fuzzer: every input that was once of interest, in every build. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int main(int argc, char **argv)
{
	static uint8_t bytes[1 << 20];
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size_t length = fread(bytes, 1, sizeof bytes, file);
		fclose(file);
		/* Of exactly its length, so that a byte too far is found. */
		uint8_t *exact = malloc(length ? length : 1);
		for (size_t j = 0; j < length; j++)
			exact[j] = bytes[j];
		LLVMFuzzerTestOneInput(exact, length);
		free(exact);
	}
	return 0;
}
