//! The parts of docs/openapi.yaml that belong to no function. The routes are described where they are served, in each function's tests.

#[test]
fn openapi_says_of_what_belongs_to_no_function_what_the_code_says() {
    world::openapi::keep_what_is_shared();
}
