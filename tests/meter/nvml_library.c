/* An NVML for tests: one idle H200 of 110 W whose counter moves every 100 ms. Signatures and numbers
 * are those of NVIDIA's nvml.h; what is not here the driver does not know. */
#include <string.h>
#include <time.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, VERSION_MISMATCH = 25 };
enum { POWER_INSTANT = 186, VALUE_UNSIGNED_INT = 1, MEMORY_V2 = 0x02000028 };
#define IDLE_MW 110250u
#define TOTAL_BYTES 150754820096ull
#define RESERVED_BYTES (1200ull << 20)

typedef unsigned int uint;
typedef unsigned long long ullong;
typedef struct { ullong total, free, used; } memory_t;
typedef struct { uint version; ullong total, reserved, free, used; } memory_v2_t;
typedef union { double d; uint ui; unsigned long ul; ullong ull; long long sll; } value_t;
typedef struct {
    uint field, scope;
    long long timestamp_us, latency_us;
    int type;
    uint result;
    value_t value;
} field_t;

static int board;

static uint text(char *to, uint length, const char *from) {
    return strlen(from) < length ? (strcpy(to, from), SUCCESS) : INVALID_ARGUMENT;
}
static uint number(uint *to, uint from) { return *to = from, SUCCESS; }

uint nvmlInitWithFlags(uint flags) { return flags ? INVALID_ARGUMENT : SUCCESS; }
uint nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(uint code) { return code == NOT_SUPPORTED ? "Not Supported" : "Error"; }
uint nvmlSystemGetDriverVersion(char *to, uint length) { return text(to, length, "580.159.03"); }
uint nvmlSystemGetCudaDriverVersion(uint *to) { return number(to, 13000); }
uint nvmlDeviceGetCount_v2(uint *to) { return number(to, 1); }
uint nvmlDeviceGetHandleByIndex_v2(uint index, void **to) {
    return *to = &board, index ? INVALID_ARGUMENT : SUCCESS;
}
uint nvmlDeviceGetHandleByUUID(const char *uuid, void **to) {
    return *to = &board, strcmp(uuid, "GPU-01234567-89ab-cdef-0123-456789abcdef") ? NOT_FOUND : SUCCESS;
}
uint nvmlDeviceGetIndex(void *gpu, uint *to) { return number(to, gpu != &board); }
uint nvmlDeviceGetName(void *gpu, char *to, uint length) { return text(to, length, "NVIDIA H200"); }
uint nvmlDeviceGetUUID(void *gpu, char *to, uint length) {
    return text(to, length, "GPU-01234567-89ab-cdef-0123-456789abcdef");
}
uint nvmlDeviceGetVbiosVersion(void *gpu, char *to, uint length) { return text(to, length, "96"); }
uint nvmlDeviceGetMigMode(void *gpu, uint *now, uint *next) { return number(now, 0), number(next, 0); }
uint nvmlDeviceGetVirtualizationMode(void *gpu, uint *to) { return number(to, 1); }
uint nvmlDeviceGetPersistenceMode(void *gpu, uint *to) { return number(to, 0); }
uint nvmlDeviceGetEccMode(void *gpu, uint *now, uint *next) { return number(now, 1), number(next, 1); }
uint nvmlDeviceGetComputeMode(void *gpu, uint *to) { return number(to, 0); }
uint nvmlDeviceGetTemperature(void *gpu, uint sensor, uint *to) { return number(to, 31); }
uint nvmlDeviceGetTemperatureThreshold(void *gpu, uint kind, uint *to) { return NOT_SUPPORTED; }
uint nvmlDeviceGetClockInfo(void *gpu, uint kind, uint *to) { return number(to, kind == 2 ? 3201 : 345); }
uint nvmlDeviceGetCurrentClocksEventReasons(void *gpu, ullong *to) { return *to = 1, SUCCESS; }
uint nvmlDeviceGetPowerUsage(void *gpu, uint *to) { return number(to, IDLE_MW); }
uint nvmlDeviceGetPowerManagementLimit(void *gpu, uint *to) { return number(to, 700000); }
uint nvmlDeviceGetPowerManagementDefaultLimit(void *gpu, uint *to) { return number(to, 700000); }
uint nvmlDeviceGetEnforcedPowerLimit(void *gpu, uint *to) { return number(to, 700000); }
uint nvmlDeviceGetUtilizationRates(void *gpu, uint *to) { return number(to, 0), number(to + 1, 0); }
uint nvmlDeviceGetComputeRunningProcesses_v3(void *gpu, uint *count, void *to) { return number(count, 0); }
uint nvmlDeviceGetGraphicsRunningProcesses_v3(void *gpu, uint *count, void *to) { return number(count, 0); }

uint nvmlDeviceGetMemoryInfo(void *gpu, memory_t *to) {
    *to = (memory_t){TOTAL_BYTES, TOTAL_BYTES - RESERVED_BYTES, RESERVED_BYTES};
    return SUCCESS;
}
uint nvmlDeviceGetMemoryInfo_v2(void *gpu, memory_v2_t *to) {
    if (to->version != MEMORY_V2) return VERSION_MISMATCH;
    *to = (memory_v2_t){MEMORY_V2, TOTAL_BYTES, RESERVED_BYTES, TOTAL_BYTES - RESERVED_BYTES, 0};
    return SUCCESS;
}
uint nvmlDeviceGetTotalEnergyConsumption(void *gpu, ullong *to) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ullong refreshes = (ullong)now.tv_sec * 10 + now.tv_nsec / 100000000;
    return *to = refreshes * IDLE_MW / 10, SUCCESS;
}
uint nvmlDeviceGetFieldValues(void *gpu, int count, field_t *fields) {
    for (field_t *one = fields; one < fields + count; one++) {
        one->result = one->field == POWER_INSTANT && !one->scope ? SUCCESS : NOT_SUPPORTED;
        one->type = VALUE_UNSIGNED_INT;
        one->value.ui = IDLE_MW;
    }
    return SUCCESS;
}
