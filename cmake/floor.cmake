set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# A library is loaded by those programs that call it, whatever else their floors can do.
add_link_options(-Wl,--as-needed)

add_library(house INTERFACE)
target_include_directories(house INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(house INTERFACE _GNU_SOURCE)
target_compile_options(house INTERFACE
	-Werror -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wdouble-promotion
	-Wshadow -Wundef -Wvla -Walloca -Wcast-qual -Wpointer-arith -Wwrite-strings
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wredundant-decls
	-Wformat=2 -Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough -Wdate-time
	$<$<C_COMPILER_ID:GNU>:-Wcast-align=strict -Wformat-overflow=2
	-Wformat-truncation=2 -Wformat-signedness -Wduplicated-cond -Wduplicated-branches
	-Wlogical-op -Wstack-usage=16384 -Wjump-misses-init -Wunused-macros>
	$<$<C_COMPILER_ID:Clang>:-Wmissing-variable-declarations -Wcomma -Wunreachable-code>)

# floor(core ROOMS clock ring ON base)
# A floor is a static library of its rooms (one .c file each).
function(floor name)
	cmake_parse_arguments(F "" "" "ROOMS;ON" ${ARGN})
	list(TRANSFORM F_ROOMS PREPEND ${CMAKE_SOURCE_DIR}/src/${name}/)
	list(TRANSFORM F_ROOMS APPEND .c)
	add_library(${name} STATIC ${F_ROOMS})
	set_property(GLOBAL APPEND PROPERTY FLOORS ${name})
	target_link_libraries(${name} PUBLIC house ${F_ON})
endfunction()

# app(sounder-serve ROOMS serve ON relay)
# An executable: its own rooms of src/app over the floors it needs.  The front
# door goes to bindir, the others beside each other where it looks for them.
function(app name)
	cmake_parse_arguments(A "" "" "ROOMS;ON" ${ARGN})
	list(TRANSFORM A_ROOMS PREPEND ${CMAKE_SOURCE_DIR}/src/app/)
	list(TRANSFORM A_ROOMS APPEND .c)
	add_executable(${name} ${A_ROOMS} ${CMAKE_SOURCE_DIR}/src/app/common.c)
	target_link_libraries(${name} PRIVATE ${A_ON})
	set(below "${CMAKE_INSTALL_BINDIR}")
	file(RELATIVE_PATH helpers "/${below}" "/${CMAKE_INSTALL_LIBEXECDIR}/sounder")
	target_compile_definitions(${name} PRIVATE
		SOUNDER_VERSION="${PROJECT_VERSION}" SOUNDER_HELPERS="${helpers}")
	if(name STREQUAL "sounder")
		install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
	else()
		install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/sounder)
	endif()
endfunction()

# The plan is a promise: these tests keep it.
function(house_checks)
	add_test(NAME house/floors COMMAND ${CMAKE_SOURCE_DIR}/tools/check-floors)
	add_test(NAME house/powers COMMAND ${CMAKE_SOURCE_DIR}/tools/check-powers)
	set_property(TEST house/floors house/powers PROPERTY LABELS house)

	# Sanitizers add variables of their own, so only a plain build can tell.
	if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize")
		get_property(floors GLOBAL PROPERTY FLOORS)
		list(TRANSFORM floors REPLACE "(.+)" "$<TARGET_FILE:\\1>")
		add_test(NAME house/globals COMMAND ${CMAKE_SOURCE_DIR}/tools/check-globals ${floors})
		set_property(TEST house/globals PROPERTY LABELS house)
	endif()
endfunction()
